// `dtype: 'auto'`: codes as they are, numbers where there is room for them, else 8 bits.
import { expect, test, vi, afterEach } from 'vitest';
import { bertFamily } from '../bert/index.ts';
import { BERT_PRESETS } from '../bert/presets.ts';
import { quantizeCheckpoint } from '../quantize-checkpoint.ts';
import { autoDtype } from './auto-dtype.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Slot } from './layout.ts';
import { randomCheckpoint } from './random.ts';

const GIB = 2 ** 30;
const base = randomCheckpoint(bertFamily, BERT_PRESETS['bert-base-uncased']);
const slotsOf = (checkpoint: Checkpoint): readonly Slot[] => bertFamily.slots(checkpoint);
/** The weights of BERT-base as f32: 438 MB. */
const bytes = base.names.reduce((sum, name) => sum + base.spec(name).byteLength, 0);

afterEach(() => vi.unstubAllGlobals());

test('an eighth of the memory is the border', () => {
  const slots = slotsOf(base);
  expect(autoDtype(base, slots, 8 * bytes)).toBeUndefined();
  expect(autoDtype(base, slots, 8 * bytes - 1)).toBe('q8');
});

test('more than 2 GiB are codes, however large the machine is', () => {
  const large = { ...BERT_PRESETS['bert-base-uncased'], vocab_size: 700_000 };
  const checkpoint = randomCheckpoint(bertFamily, large);
  expect(autoDtype(checkpoint, slotsOf(checkpoint), 1024 * GIB)).toBe('q8');
});

test('codes in the files stay, and halves take half of the room', async () => {
  const codes = await quantizeCheckpoint(base, { dtype: 'q4' });
  expect(autoDtype(codes, slotsOf(codes), 0)).toBeUndefined();
  const half = await quantizeCheckpoint(base, { dtype: 'f16' });
  expect(autoDtype(half, slotsOf(half), 4.2 * bytes)).toBeUndefined();
  expect(autoDtype(half, slotsOf(half), 4 * bytes)).toBe('q8');
});

test.each([
  ['a phone', 2, 'q8'],
  ['a large device', 8, undefined],
  ['a browser that does not say: 4 GiB', undefined, undefined],
])('a page asks its browser: %s', (_title, deviceMemory, expected) => {
  vi.stubGlobal('process', undefined);
  vi.stubGlobal('navigator', { deviceMemory });
  expect(autoDtype(base, slotsOf(base))).toBe(expected);
});

test('Node asks the system, and its container', () => {
  vi.stubGlobal('process', Object.create(process, { constrainedMemory: { value: () => GIB } }));
  expect(autoDtype(base, slotsOf(base))).toBe('q8');
});
