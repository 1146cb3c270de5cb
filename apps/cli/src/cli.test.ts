// The built command from the outside: every command but `run`, help, and unknown names.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attnIn, spawnIn } from './cli.testing.ts';

const CAUSAL = '{"type":"causal"}';

let folder: string;
const path = (name: string) => join(folder, name);
const attn = (...args: string[]) => attnIn(folder, args);
const spawned = (...args: string[]) => spawnIn(folder, args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('other commands', () => {
  test('plan: statistics and a drawing at any length', async () => {
    const pattern = '{"type":"slidingWindow","before":256,"after":256}';
    const json = await attn('plan', '--pattern', pattern, '--n', '1e6', '--json');
    expect(json).toMatchObject({ code: 0, stderr: '' });
    const { computedShare, stats, groups } = JSON.parse(json.stdout);
    expect(computedShare).toBeLessThan(0.001);
    expect(stats.rowBlocks).toBe(15_625);
    expect(groups).toHaveLength(1);
    const text = await attn('plan', '--pattern', CAUSAL, '--n', '64', '--svg', 'p.svg');
    expect(text.stdout).toContain('██▒▒');
    expect(await readFile(path('p.svg'), 'utf8')).toMatch(/^<svg /);
    expect((await attn('plan', '--pattern', CAUSAL, '--n', '64', '--no-draw')).stdout).not.toContain('██');
    expect(await attn('plan', '--pattern', CAUSAL)).toMatchObject({ code: 2 });
    expect(await attn('plan', '--pattern', CAUSAL, '--n', 'many')).toMatchObject({ code: 2 });
  });

  test('plan and explain: sizes that are none, and where queries stand', async () => {
    for (const [option, value] of [
      ['--n', '1e15'],
      ['--heads', '1e15'],
      ['--batch', '65537'],
    ]) {
      for (const command of ['plan', 'explain']) {
        const { code, stderr } = await attn(command, '--pattern', CAUSAL, '--n', '64', option, value);
        expect(code).toBe(2);
        expect(stderr).toMatch(option === '--n' ? 'given 2 times' : value);
      }
    }
    const huge = await attn('plan', '--pattern', CAUSAL, '--n', '1e15');
    expect(huge).toMatchObject({ code: 2, stdout: '' });
    expect(huge.stderr).toContain('from 1 to 2147483647, got "1e15"');
    const product = await attn('plan', '--pattern', CAUSAL, '--n', '4', '--heads', '256', '--batch', '257');
    expect(product.stderr).toContain('must be at most 65536, got 65792');
    for (const command of ['plan', 'explain']) {
      const args = ['--n', '64', '--query-offset=-8', '--json'];
      const { stdout } = await attn(command, '--pattern', CAUSAL, ...args);
      expect(JSON.parse(stdout)).toMatchObject({ heads: 1, batch: 1, queryLength: 64, queryOffset: -8 });
    }
  });

  test('files that cannot be written', async () => {
    await writeFile(path('p.json'), CAUSAL);
    const over = await attn('plan', '--pattern', 'p.json', '--n', '64', '--svg', 'p.json');
    expect(over).toMatchObject({
      code: 2,
      stderr: '[attn/cli] --svg must not be the file of --pattern, got p.json\n',
    });
    if (process.platform !== 'linux') return;
    const full = await attn('plan', '--pattern', CAUSAL, '--n', '64', '--svg', '/dev/full');
    expect(full).toMatchObject({
      code: 1,
      stderr: '[attn/cli] there is no space left to write /dev/full\n',
    });
  });

  test('bench times every backend that is available', async () => {
    const { backends } = JSON.parse((await attn('probe', '--json')).stdout);
    const names = backends
      .filter((backend: { available: boolean }) => backend.available)
      .map((backend: { name: string }) => backend.name);
    const { measurements } = JSON.parse(
      (await attn('bench', '--backend', 'wasm', '--rounds', '1', '--json')).stdout,
    );
    expect(names).toContain('wasm');
    expect(measurements.map((measurement: { backend: string }) => measurement.backend)).toEqual(
      Array(5).fill('wasm'),
    );
    expect(
      measurements.every(
        (measurement: { ms: number; maxError: number }) => measurement.ms > 0 && measurement.maxError < 1e-5,
      ),
    ).toBe(true);
    expect(await attn('bench', '--rounds', '0')).toMatchObject({ code: 2, stdout: '' });
  });

  test('probe and explain', async () => {
    const probes = JSON.parse((await attn('probe', '--json')).stdout);
    expect(probes.backends).toContainEqual(expect.objectContaining({ name: 'cpu', available: true }));
    expect((await spawned('probe')).stdout).toMatch(/^backend +available .*\n(.+\n)*cpu +yes/);
    const explanation = JSON.parse(
      (await attn('explain', '--pattern', CAUSAL, '--n', '512', '--json')).stdout,
    );
    expect(explanation.backends).toContainEqual(expect.objectContaining({ backend: 'cpu', usable: true }));
    expect(explanation.backends.filter(({ chosen }: { chosen: boolean }) => chosen)).toHaveLength(1);
  });

  test('explain measures on request', async () => {
    const options = ['--pattern', CAUSAL, '--n', '128', '--heads', '2', '--measure', '--no-cache'];
    const { backends } = JSON.parse((await attn('explain', ...options, '--json')).stdout);
    const [chosen] = backends.filter((backend: { chosen: boolean }) => backend.chosen);
    expect(chosen).toMatchObject({ measuredMs: expect.any(Number), predictedMs: expect.any(Number) });
    expect((await attn('explain', ...options)).stdout).toMatch(/backend +chosen +predicted +measured/);
  });

  test('a small demo of a whole model', async () => {
    const config = JSON.stringify({
      model_type: 'longformer',
      architectures: ['LongformerModel'],
      hidden_size: 32,
      intermediate_size: 64,
      num_attention_heads: 2,
      num_hidden_layers: 2,
      attention_window: [16, 16],
      max_position_embeddings: 66,
      vocab_size: 500,
      pad_token_id: 1,
      type_vocab_size: 1,
    });
    expect(await attn('make-checkpoint', '--config', config, '--output', 'tiny')).toMatchObject({ code: 0 });
    const args = ['demo', '--model', 'tiny', '--n', '1000', '--backend', 'wasm'];
    const { code, stdout, stderr } = await spawned(...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const output = JSON.parse(stdout);
    expect(output).toMatchObject({ architecture: 'LongformerModel', backend: 'wasm', shape: [1, 32] });
    expect(output.windows).toBeGreaterThan(2);
    expect(output.tokens).toBeGreaterThan(150);
    expect(output.window).toMatchObject({ length: 64, denseMs: expect.any(Number) });
    expect(output.checked.tokens).toBe(64);
    expect(output.checked.error).toBeLessThan(1e-5);
    expect((await attn(...args)).stdout).toMatch(/tokens a second\n[^]*with dense attention/);
    expect(await attn('demo', '--pattern', CAUSAL)).toMatchObject({ code: 2, stdout: '' });
    expect(await attn('demo', '--attention', '--model', 'tiny')).toMatchObject({ code: 2, stdout: '' });
  });

  test('a small demo of attention', async () => {
    const small = ['demo', '--attention', '--n', '600'];
    const { code, stdout, stderr } = await spawned(...small, '--backend', 'cpu', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const { measurements } = JSON.parse(stdout);
    expect(measurements).toMatchObject([{ n: 600, globals: 1, backend: 'cpu', denseMeasured: true }]);
    expect(measurements[0].maxError).toBeLessThan(1e-4);
    expect(await readFile(path('attn-demo-pattern.svg'), 'utf8')).toMatch(/^<svg /);
    const absent = await attn(...small, '--backend', 'webgpu');
    expect(absent).toMatchObject({ code: 1, stdout: '' });
    expect(await attn('demo', '--attention', '--n', '2e6')).toMatchObject({ code: 2 });
    expect(await attn('demo', '--n', '2e6')).toMatchObject({ code: 2 });
  });

  test('help, version, and what does not exist', async () => {
    expect((await spawned()).stdout).toContain('Commands:');
    const help = await spawned('run', '--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('Examples:\n  $ attn run --input qkv.safetensors');
    expect((await spawned('--version')).stdout).toMatch(/^attn\/\d+\.\d+\.\d+ /);
    expect(await attn('dance')).toMatchObject({ code: 2, stdout: '' });
    expect(await attn('--dance')).toMatchObject({ code: 2, stdout: '' });
    for (const option of ['--json.x', '--__proto__', '--constructor', '--toString', '--no-foo']) {
      expect(await attn('probe', option, '3')).toMatchObject({ code: 2, stdout: '' });
    }
    expect(await attn('probe', 'stray')).toMatchObject({ code: 2, stdout: '' });
  });
});
