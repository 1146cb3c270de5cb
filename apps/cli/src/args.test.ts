// Options from the command line: accepted values, and the sentence for every other value.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { flag, integer, isSet, jsonOrFile, requiredText, text } from './args.ts';

afterEach(() => vi.unstubAllGlobals());

test('flags are kebab-case', () => {
  expect(flag('keyMask')).toBe('--key-mask');
  expect(flag('q')).toBe('--q');
  expect([flag('E'), flag('biasE')]).toEqual(['--E', '--bias-e']);
});

describe('text', () => {
  test('absent, present, without a value, twice', () => {
    expect(text({}, 'input')).toBeUndefined();
    expect(text({ input: 'a' }, 'input')).toBe('a');
    expect(() => text({ input: true }, 'input')).toThrow('--input needs a value');
    expect(() => text({ input: '' }, 'input')).toThrow('--input needs a value');
    expect(() => text({ input: ['a', 'b'] }, 'input')).toThrow('--input was given 2 times');
    expect(() => requiredText({}, 'keyMask', 'a mask')).toThrow('--key-mask is required: a mask');
  });

  test.each([
    [['--output', '007'], 7, '007'],
    [['--output=1e3'], 1000, '1e3'],
    [['--other', '5', '--output', '0x10'], 16, '0x10'],
  ])('a name that looks like a number is kept as written: %s', (argv, parsed, written) => {
    vi.spyOn(process, 'argv', 'get').mockReturnValue(['node', 'attn', ...argv]);
    expect(text({ output: parsed }, 'output')).toBe(written);
    vi.restoreAllMocks();
  });
});

describe('integer', () => {
  test.each([
    ['4096', 4096],
    ['1e6', 1_000_000],
    ['65_536', 65_536],
  ])('%s', (word, value) => {
    expect(integer({ n: word }, 'n')).toBe(value);
  });

  test('bounds', () => {
    expect(integer({ offset: '-5' }, 'offset', { least: -9, most: 9 })).toBe(-5);
    const high = () => integer({ n: '1e15' }, 'n', { most: 100 });
    expect(high).toThrow('--n must be an integer from 1 to 100, got "1e15"');
  });

  test.each(['0', '-1', '1.5', 'many', '1e99', '4096,8192'])('%s is refused', (value) => {
    expect(() => integer({ n: value }, 'n')).toThrow(`--n must be an integer ≥ 1, got "${value}"`);
  });
});

test('a flag takes no value', () => {
  expect(isSet({}, 'json')).toBe(false);
  expect(isSet({ json: true }, 'json')).toBe(true);
  expect(() => isSet({ json: 3 }, 'json')).toThrow('--json takes no value, got 3');
});

describe('JSON', () => {
  test('inline, or from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'attn-cli-'));
    const path = join(folder, 'p.json');
    await writeFile(path, '{"a":1}');
    expect(await jsonOrFile('pattern', ' {"a": 1}')).toEqual({ a: 1 });
    expect(await jsonOrFile('pattern', path)).toEqual({ a: 1 });
    await writeFile(path, '\uFEFF{"a":1}');
    expect(await jsonOrFile('pattern', path)).toEqual({ a: 1 });
    await writeFile(path, '{"a":');
    await expect(jsonOrFile('pattern', path)).rejects.toThrow(`${path} (--pattern) is not valid JSON`);
    await expect(jsonOrFile('pattern', folder)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await rm(folder, { recursive: true });
  });

  test('that is broken, or nowhere', async () => {
    await expect(jsonOrFile('pattern', '{"a"')).rejects.toThrow('--pattern is not valid JSON');
    await expect(jsonOrFile('pattern', 'nowhere.json')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
