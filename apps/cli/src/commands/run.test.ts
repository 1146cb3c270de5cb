// `attn run` from the outside: exit codes, messages, and that nothing is left behind when it fails.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { causal, f32, type Tensor } from '@attn/core';
import { attention, linformer, lsh, score } from '@attn/core';
import { attentionReference, evaluateReference, toReference } from '@attn/core/reference';
import { openSafetensorsFile, writeSafetensorsFile } from '@attn/safetensors/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn, MAIN, spawnIn, values, type Result } from '../cli.testing.ts';

const CAUSAL = '{"type":"causal"}';
const LINFORMER_POOL = '{"type":"linformer","projection":"meanPool","k":4}';

let folder: string;
let outputs: string;
const path = (name: string) => join(folder, name);

const attn = (...args: string[]) => attnIn(folder, args);

const [q, k, v] = [1, 2, 3].map((seed) => values([1, 2, 9, 4], seed));
const keyMask: Tensor = { dtype: 'i32', shape: [1, 9], data: Int32Array.of(1, 5, 1, 1, -1, 1, 1, 0, 0) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-cli-'));
  outputs = path('outputs');
  await mkdir(outputs);
  await writeSafetensorsFile(path('good'), { q, k, v });
  await writeSafetensorsFile(path('masked'), {
    'in.q': q,
    'in.k': k,
    'in.v': v,
    'in.key_padding_mask': keyMask,
  });
  await writeSafetensorsFile(path('rank'), { q: values([9, 4], 1), k, v });
  await writeSafetensorsFile(path('length'), { q, k, v: values([1, 2, 8, 4], 1) });
  await writeSafetensorsFile(path('heads'), { q: values([1, 3, 9, 4], 1), k, v });
  await writeSafetensorsFile(path('dtype'), { q: { ...keyMask, shape: [1, 1, 9, 1] }, k, v });
  await writeSafetensorsFile(path('mask-shape'), { q, k, v, keyMask: { ...keyMask, shape: [9] } });
  await writeSafetensorsFile(path('ids'), { q, k, v, segmentIds: values([1, 9], 1) });
  await writeSafetensorsFile(path('no-k'), { q, v });
  await writeSafetensorsFile(path('empty'), {});
  const nan = Float32Array.from({ length: 9 }, (_, i) => (i === 3 ? NaN : 1));
  await writeSafetensorsFile(path('nan'), { q, k, v, keyMask: f32([1, 9], nan) });
  await writeSafetensorsFile(path('biased'), { q, k, v, keyMask, bias: values([9, 9], 4) });
  await symlink('good', path('link'));
  const whole = await readFile(path('good'));
  await writeFile(path('truncated'), whole.subarray(0, whole.length - 5));
  await writeFile(path('lying'), whole.toString('latin1').replace('[1,2,9,4]', '[1,9,9,4]'), 'latin1');
  await writeFile(path('text'), 'this is not a tensor file');
  await writeFile(path('broken.json'), '{"type":');
  await writeFile(path('window.json'), '{"type":"slidingWindow","before":2,"after":0}');
});
afterAll(() => rm(folder, { recursive: true }));

/** The arguments of `attn run` with these options in place of the good ones. */
function runArguments(options: Record<string, string>): string[] {
  const all = { input: 'good', pattern: CAUSAL, output: join(outputs, 'out'), ...options };
  return ['run', ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])];
}

/** Runs `attn run` with these options in place of the good ones. */
function run(options: Record<string, string>, ...more: string[]): Promise<Result> {
  return attn(...runArguments(options), ...more);
}

async function readOutput(name: string): Promise<Record<'out' | 'lse', Tensor>> {
  const file = await openSafetensorsFile(name);
  const result = { out: await file.tensor('out'), lse: await file.tensor('lse') };
  await file.dispose();
  await rm(name);
  return result;
}

function expectClose(got: Tensor, expected: { readonly data: Float64Array }): void {
  expect(got.data).toHaveLength(expected.data.length);
  const errors = Array.from(expected.data, (value, i) =>
    value === got.data[i] ? 0 : Math.abs(value - got.data[i]),
  );
  expect(Math.max(...errors)).toBeLessThan(1e-5);
}

describe('run', () => {
  test('writes out and lse, says who ran it, and prints one JSON object with --json', async () => {
    const { code, stdout, stderr } = await spawnIn(folder, [...runArguments({}), '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({
      backend: expect.stringMatching(/^(cpu|wasm|webgpu|onnx)$/),
      output: join(outputs, 'out'),
    });
    expect(summary.shapes).toMatchObject({ q: [1, 2, 9, 4], out: [1, 2, 9, 4], lse: [1, 2, 9] });
    const got = await readOutput(join(outputs, 'out'));
    const inputs = { q: toReference(q), k: toReference(k), v: toReference(v) };
    const [out, lse] = attentionReference(inputs, { pattern: causal(), returnLse: true });
    expectClose(got.out, out);
    expectClose(got.lse, lse);
  });

  test('takes other names, masks of any dtype, patterns and options from files', async () => {
    await writeFile(path('options.json'), '{"scale":0.3,"softcap":5}');
    const names = { q: 'in.q', k: 'in.k', v: 'in.v', keyMask: 'in.key_padding_mask' };
    const { code, stdout } = await run({
      input: 'masked',
      pattern: 'window.json',
      options: 'options.json',
      backend: 'cpu',
      ...names,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^backend {3}cpu \(asked for by name\)\n/);
    expect(stdout).toContain('keyMask   [1, 9] bool');
    const { lse } = await readOutput(join(outputs, 'out'));
    expect(lse.data[8]).toBeGreaterThan(-Infinity);
    const kebab = { q: 'in.q', k: 'in.k', v: 'in.v', 'key-mask': 'in.key_padding_mask' };
    expect(await run({ input: 'masked', ...kebab })).toMatchObject({ code: 0 });
    await rm(join(outputs, 'out'));
    const twice = await run({ input: 'masked', ...names }, '--key-mask', 'a', '--key-mask', 'b');
    expect(twice.stderr).toBe('[attn/cli] --key-mask was given 2 times\n');
  });

  test('takes a score, and its tables from the file', async () => {
    const slopes = f32([2], [0.5, 0.125]);
    const buckets: Tensor = {
      dtype: 'u8',
      shape: [9],
      data: Uint8Array.from({ length: 9 }, (_, i) => i % 2),
    };
    await writeSafetensorsFile(path('tables'), { q, k, v, slopes, buckets, bias: f32([2], [1, -1]) });
    const expression = score((s, { h, q, k, table, integers }) =>
      s.sub(table('slopes').at(h).mul(q.sub(k).abs())).add(table('bias').at(integers('buckets').at(k))),
    );
    const options = JSON.stringify({ score: expression, softcap: 5 });
    const { code, stdout } = await run({ input: 'tables', options });
    expect(code).toBe(0);
    expect(stdout).toContain('tables.buckets  [9] i32');
    const got = await readOutput(join(outputs, 'out'));
    const tables = {
      slopes,
      buckets: { ...buckets, dtype: 'i32' as const, data: Int32Array.from(buckets.data) },
      bias: f32([2], [1, -1]),
    };
    const { inputs } = attention({ q, k, v, score: expression, tables });
    const references = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, toReference(x)]));
    const attributes = { pattern: causal(), score: expression, softcap: 5, returnLse: true };
    const [out, lse] = attentionReference(references, attributes);
    expectClose(got.out, out);
    expectClose(got.lse, lse);
  });

  const bad: readonly [string, Record<string, string>, string][] = [
    ['a wrong rank', { input: 'rank' }, 'q must be [batch, heads, seq, headDim], got [9, 4]'],
    ['lengths that differ', { input: 'length' }, 'length of k and v must be equal, got 9 and 8'],
    ['heads that do not divide', { input: 'heads' }, 'multiple of key/value heads, got 3 and 2'],
    ['a wrong dtype', { input: 'dtype' }, 'i32'],
    ['a mask of the wrong shape', { input: 'mask-shape' }, 'keyMask must'],
    ['ids that are no integers', { input: 'ids' }, 'segmentIds must be stored as I32, U32 or U8, got "F32"'],
    ['a negative window', { pattern: '{"type":"slidingWindow","before":-1,"after":0}' }, 'got -1'],
    ['globals out of range', { pattern: '{"type":"globalTokens","indices":[9]}' }, '9'],
    ['an unknown pattern', { pattern: '{"type":"triangle"}' }, 'got "triangle"'],
    ['an unknown option of a pattern', { pattern: '{"type":"causal","width":3}' }, 'width'],
    ['a pattern that is no object', { pattern: '[1]' }, 'got [1]'],
    ['bad JSON', { pattern: '{"type"' }, '--pattern is not valid JSON'],
    ['bad JSON in a file', { pattern: 'broken.json' }, 'broken.json (--pattern) is not valid JSON'],
    ['no pattern file', { pattern: 'none.json' }, 'there is no file none.json'],
    ['no input file', { input: 'none' }, 'there is no file none'],
    ['a folder as input', { input: '.' }, '. is not a file'],
    ['a missing tensor', { input: 'no-k' }, 'no-k has no tensor "k"; it has q, v'],
    ['no tensors', { input: 'empty' }, 'empty has no tensor "q"; it has no tensors'],
    ['a mask of NaN', { input: 'nan' }, 'keyMask must be 0 where it hides, got NaN at element 3'],
    ['nothing to ignore', { ignore: 'q' }, '--ignore takes names of keyMask, '],
    ['ignored and named', { ignore: 'bias', bias: 'b' }, '--ignore bias contradicts --bias'],
    ['an empty input', { input: '' }, '--input needs a value'],
    ['an empty output', { output: '' }, '--output needs a value'],
    ['an empty name', { 'key-mask': '' }, '--key-mask needs a value'],
    ['the input as output', { output: 'good' }, '--output must not be the file of --input, got good'],
    ['the input under another name', { output: 'link' }, 'must not be the file of --input, got link'],
    ['a missing named tensor', { bias: 'b' }, 'good has no tensor "b"; it has q, k, v'],
    [
      'an input of another call',
      { pattern: LINFORMER_POOL, bias: 'q' },
      '--bias names no input of linformer',
    ],
    ['Linformer without E', { pattern: '{"type":"linformer"}' }, 'the projection linear needs the input E'],
    ['a causal Linformer', { pattern: '{"type":"linformer","causal":true}' }, 'mixes all positions'],
    [
      'a wrong k',
      { pattern: '{"type":"linformer","projection":"maxPool","k":0}' },
      'a positive integer or a list of them, got 0',
    ],
    ['a k that is no number', { pattern: '{"type":"linformer","k":"3"}' }, 'k must be a number or a list of'],
    ['a wrong projection', { pattern: '{"type":"linformer","projection":"x"}' }, 'convolution, got "x"'],
    [
      'a stray option of Linformer',
      { pattern: '{"type":"linformer","rank":3}' },
      'there is no option "rank"; known are projection, k',
    ],
    [
      'a stray option of LSH',
      { pattern: '{"type":"lsh","hashes":3}' },
      'there is no option "hashes"; known are preset',
    ],
    [
      'a wrong preset',
      { pattern: '{"type":"lsh","preset":"x"}' },
      'one of paper, trax, hf, lucidrains, got "x"',
    ],
    ['a wrong number', { pattern: '{"type":"lsh","rounds":"4"}' }, 'rounds must be a number, got "4"'],
    [
      'no rounds',
      { pattern: '{"type":"lsh","rounds":0,"chunkLength":4}' },
      'rounds must be an integer from 1 to 2147483647, got 0',
    ],
    [
      'odd buckets',
      { pattern: '{"type":"lsh","bucketCount":3,"chunkLength":4}' },
      'bucketCount must be even factors ≥ 2, got [3]',
    ],
    [
      'an offset for Linformer',
      { pattern: LINFORMER_POOL, options: '{"queryOffset":1}' },
      '"queryOffset"; known are',
    ],
    ['a truncated file', { input: 'truncated' }, 'need 864 bytes of data, but the file has 859'],
    ['a file that lies', { input: 'lying' }, 'shape [1, 9, 9, 4] needs 1296 bytes, got 288'],
    ['a file of text', { input: 'text' }, 'expected a header of at most 100000000 bytes'],
    ['an unknown attribute', { options: '{"scala":1}' }, 'there is no option "scala"; did you mean scale?'],
    [
      'a wrong score',
      { options: '{"score":["mul","s"]}' },
      'a number or an integer, such as ["mul", "s", 0.5]',
    ],
    ['a table that is missing', { options: '{"score":["table","t","k"]}' }, 'has no tensor "t"'],
    ['a wrong attribute', { options: '{"softcap":-1}' }, 'softcap must be a finite number above 0, got -1'],
    ['an attribute of the wrong type', { options: '{"scale":"1"}' }, 'scale must be a number, got "1"'],
    ['a wrong layout', { options: '{"layout":"hbnd"}' }, 'layout must be bhnd or bnhd, got "hbnd"'],
    [
      'an unknown backend',
      { backend: 'abacus' },
      'no backend "abacus"; known are auto, cpu, wasm, webgpu, onnx',
    ],
    ['an unknown option', { colour: 'red' }, 'unknown option --colour; see attn run --help'],
    ['no output folder', { output: join('none', 'out') }, 'there is no folder none'],
  ];

  test.each(bad)('%s: exit code 2, one sentence, no output', async (_title, options, message) => {
    const { code, stdout, stderr } = await run(options);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^\[attn\/\w+\] [^\n]+\n$/);
    expect([code, stdout]).toEqual([2, '']);
    expect(await readdir(outputs)).toEqual([]);
  });

  test('Linformer: matrices of the file, or a pool', async () => {
    const [E, F] = [values([3, 12], 5), values([3, 9], 6)];
    const biasE = values([3], 7);
    await writeSafetensorsFile(path('matrices'), { q, k, v, keyMask, E, F, biasE, bias: values([9, 9], 4) });
    const { code, stdout } = await run({ input: 'matrices', pattern: '{"type":"linformer"}' }, '--json');
    expect(code).toBe(0);
    const { shapes, computedShare } = JSON.parse(stdout);
    expect(Object.keys(shapes)).toEqual(['q', 'k', 'v', 'keyMask', 'E', 'F', 'biasE', 'out', 'lse']);
    expect(computedShare).toBeCloseTo(3 / 9);
    const mask: Tensor = { dtype: 'u8', shape: [1, 9], data: Uint8Array.from(keyMask.data, Math.abs) };
    const call = { q, k, v, E, F, biasE, keyMask: mask, returnLse: true };
    const { graph, inputs } = linformer(call);
    const expected = evaluateReference(graph, inputs);
    const got = await readOutput(join(outputs, 'out'));
    expectClose(got.out, expected.out);
    expectClose(got.lse, expected.lse);

    const pooled = { input: 'matrices', ignore: 'E,F,biasE', pattern: LINFORMER_POOL };
    expect(JSON.parse((await run(pooled, '--json')).stdout).shapes).not.toHaveProperty('E');
    const pool = { q, k, v, keyMask: mask, projection: 'meanPool', projectedLength: 4 } as const;
    const { out } = await readOutput(join(outputs, 'out'));
    expectClose(out, evaluateReference(linformer(pool).graph, linformer(pool).inputs).out);
    const options = { input: 'matrices', pattern: '{"type":"linformer","k":3}', E: 'E', 'bias-e': 'biasE' };
    expect(await run(options)).toMatchObject({ code: 0 });
    await rm(join(outputs, 'out'));
  });

  test('LSH reads q and v, and rotations, buckets or orders that the file has', async () => {
    const rotations = values([2, 4, 3, 2], 8);
    await writeSafetensorsFile(path('rotated'), { q, k, v, keyMask, rotations });
    const pattern = '{"type":"lsh","chunkLength":4,"rounds":3,"bucketCount":4,"causal":true}';
    const { code, stdout } = await run({ input: 'rotated', pattern }, '--json');
    expect(code).toBe(0);
    const { shapes, computedShare } = JSON.parse(stdout);
    expect(Object.keys(shapes)).toEqual(['q', 'v', 'keyMask', 'rotations', 'out', 'lse']);
    expect(computedShare).toBeCloseTo((3 * 8) / 9);
    const mask: Tensor = { dtype: 'u8', shape: [1, 9], data: Uint8Array.from(keyMask.data, Math.abs) };
    const options = { chunkLength: 4, rounds: 3, bucketCount: 4, causal: true, returnLse: true } as const;
    const { graph, inputs } = lsh({ q, v, keyMask: mask, rotations, ...options });
    const expected = evaluateReference(graph, inputs);
    const got = await readOutput(join(outputs, 'out'));
    expectClose(got.out, expected.out);
    expectClose(got.lse, expected.lse);
  });

  test('optional inputs of the file are applied, but for those that are ignored', async () => {
    const shapesOf = async (...more: string[]) => {
      const { stdout } = await run({ input: 'biased' }, '--json', ...more);
      await rm(join(outputs, 'out'));
      return Object.keys(JSON.parse(stdout).shapes);
    };
    expect(await shapesOf()).toEqual(['q', 'k', 'v', 'keyMask', 'bias', 'out', 'lse']);
    expect(await shapesOf('--ignore', 'bias')).toEqual(['q', 'k', 'v', 'keyMask', 'out', 'lse']);
    expect(await shapesOf('--ignore=bias, keyMask')).toEqual(['q', 'k', 'v', 'out', 'lse']);
  });

  test('a missing option: exit code 2', async () => {
    const { code, stderr } = await spawnIn(folder, ['run', '--input', 'good']);
    expect([code, stderr]).toEqual([2, '[attn/cli] --output is required: the .safetensors file to write\n']);
    expect(await attn('run', '--input')).toMatchObject({ code: 2 });
  });

  test('a failure leaves an old output alone', async () => {
    await writeFile(path('old'), 'old');
    expect(await run({ input: 'truncated', output: 'old' })).toMatchObject({ code: 2 });
    expect(await readFile(path('old'), 'utf8')).toBe('old');
  });

  test('an error is a JSON object on stdout with --json, and a stack with ATTN_DEBUG', async () => {
    const { code, stdout, stderr } = await spawnIn(folder, [...runArguments({ input: 'none' }), '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'FILE_NOT_FOUND', message: stderr.trimEnd() } });
  });
});

describe('backends', () => {
  test('one that is known but not here: exit code 1, no output', async () => {
    const { code, stderr } = await run({ backend: 'webgpu' });
    expect(stderr).toMatch(/^\[attn\/cli\] backend webgpu is not available: .+\n$/);
    expect(code).toBe(1);
    expect(await readdir(outputs)).toEqual([]);
  });
});

describe('interruption', () => {
  const args = ['run', '--input', 'big', '--pattern', '{"type":"full"}', '--progress', '--output'];

  /** Starts a long run, does this once it is at work, and waits for its end. */
  async function disturb(act: (child: ChildProcess) => void): Promise<{ code: unknown; stderr: string }> {
    const big = [1, 2, 3].map((seed) => values([1, 8, 4096, 64], seed));
    await writeSafetensorsFile(path('big'), { q: big[0], k: big[1], v: big[2] });
    const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', 'ipc'];
    const child = spawn(process.execPath, [MAIN, ...args, join(outputs, 'out')], { cwd: folder, stdio });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (text.includes('attention')) act(child);
    });
    const ended = new Promise((resolve) => child.stderr?.on('end', resolve));
    const code = await new Promise((resolve) => child.on('exit', resolve));
    await ended;
    return { code, stderr };
  }

  test.each([
    ['Ctrl-C', (child: ChildProcess) => child.kill('SIGINT')],
    [
      'Ctrl-C that npm passes on',
      (child: ChildProcess) =>
        (['SIGINT', 'SIGINT', 'SIGTERM'] as const).forEach((signal) => child.kill(signal)),
    ],
    ['the end of who started it', (child: ChildProcess) => child.disconnect()],
  ])('%s: exit code 130, no output', async (_title, act) => {
    const { code, stderr } = await disturb(act);
    expect(code).toBe(130);
    expect(stderr).toMatch(/\n\[attn\/cli\] interrupted\n$/);
    expect(await readdir(outputs)).toEqual([]);
  });
});
