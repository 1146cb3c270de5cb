/** Forms of a checkpoint: how fast each is read, and the memory of a model beside its weights. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@attn/core';
import { sizeOf } from '@attn/core/backend';
import { longformerFamily, randomCheckpoint, writeCheckpoint } from '@attn/models/node';
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { writeLegacyFile } from '../legacy-file.ts';
import { longformerConfig } from '../longformer.ts';
import { ms, spread, times } from '../rows.ts';
import { encoder, file } from '../subjects/index.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const BACKENDS = ['wasm', 'onnx'] as const;

/** A forward pass may take a minute, and its check in plain JavaScript another. */
const PATIENCE = 900_000;

/** A checkpoint on disk. */
interface Form {
  readonly name: string;
  readonly folder: string;
  readonly file: string;
}

export const checkpointsSuite: Suite = {
  name: 'checkpoints',
  describes: 'forms of checkpoints: reading them, and memory beyond their weights',
  async run(options) {
    const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      options.log('checkpoints: making checkpoints of random weights');
      const config = longformerConfig(4098, options);
      const forms = await makeForms(home, config);
      return [await reading(forms, options), await memory(forms, config, options)];
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};

async function makeForms(home: string, config: JsonObject): Promise<readonly Form[]> {
  const whole = randomCheckpoint(longformerFamily, config);
  const folder = (name: string): string => join(home, name);
  await writeCheckpoint(folder('f32'), whole);
  await writeCheckpoint(folder('f16'), randomCheckpoint(longformerFamily, config, { dtype: 'f16' }));
  await mkdir(folder('legacy'));
  await writeFile(join(folder('legacy'), 'config.json'), JSON.stringify(config));
  await writeLegacyFile(join(folder('legacy'), 'pytorch_model.bin'), whole);
  return [
    { name: 'safetensors, F32', folder: folder('f32'), file: 'model.safetensors' },
    { name: 'safetensors, F16', folder: folder('f16'), file: 'model.safetensors' },
    { name: 'PyTorch legacy, F32', folder: folder('legacy'), file: 'pytorch_model.bin' },
  ];
}

async function reading(forms: readonly Form[], options: SuiteOptions): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const form of forms) {
    options.log(`checkpoints: reading ${form.name}`);
    const { size } = await stat(join(form.folder, form.file));
    const subjects = {
      tensors: file('tensors', form.folder, form.file),
      read: file('read', form.folder, form.file),
    };
    const results = await contest(subjects, { ...options, patience: PATIENCE });
    rows.push({
      form: form.name,
      MB: size / 1e6,
      'all tensors, ms': ms(results.tensors),
      '± ms': spread(results.tensors),
      'the file, ms': ms(results.read),
      'over the file': times(results.tensors, results.read),
    });
  }
  return {
    title: 'Checkpoints, reading',
    note:
      "`openCheckpoint` and every tensor in its own dtype, over `readFileSync` of the same file, both from the system's cache. " +
      'The legacy file is misaligned, as real ones are. Target: at most 2×.',
    rows,
  };
}

async function memory(forms: readonly Form[], config: JsonObject, options: SuiteOptions): Promise<Table> {
  const n = options.quick ? 256 : 4096;
  const { names, spec } = randomCheckpoint(longformerFamily, config);
  const weightBytes = names.reduce((sum, name) => sum + 4 * sizeOf(spec(name).shape), 0);
  const rows: Table['rows'][number][] = [];
  for (const form of forms) {
    for (const backend of BACKENDS) {
      options.log(`checkpoints: memory of ${form.name} on ${backend}`);
      const subject: Subject = encoder(form.folder, n, backend, options.threads ?? 2);
      const { result } = await contest({ result: subject }, { ...options, rounds: 1, patience: PATIENCE });
      rows.push({
        form: form.name,
        who: subject.name,
        'peak, MB': result.failed === undefined ? result.memory.peakRss / 1e6 : ms(result),
        'beyond weights, MB': result.failed === undefined ? (result.memory.peakRss - weightBytes) / 1e6 : '',
        'greatest error': result.failed === undefined ? result.error : '',
      });
    }
  }
  return {
    title: 'Checkpoints, memory',
    note:
      `The greatest resident memory of a fresh process that loads a Longformer-base of random weights and encodes ${n.toLocaleString('en-US')} tokens, Node itself included, ` +
      `and less ${(weightBytes / 1e6).toFixed(0)} MB, the weights as f32. Target: at most 300 MB beyond them. The greatest error is that of 64 tokens against plain JavaScript.`,
    rows,
  };
}
