// `attn` with models of a hub: where they come from, what is said of it, and the cache.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  botProposal,
  commitOf,
  startStubHub,
  type StubHub,
} from '../../../packages/models/src/hub/stub-hub.testing.ts';
import { attnIn, type Result } from '../../../apps/cli/src/cli.testing.ts';

const packages = fileURLToPath(new URL('../../../packages/', import.meta.url));
const models = join(packages, 'models/goldens/checkpoints/models');
const tokenizer = join(packages, 'tokenizers/goldens/models/longformer-plain');
const io = join(models, 'lf_bot_new/io.safetensors');
let folder = '';
let hub: StubHub;

type Files = ReadonlyMap<string, Uint8Array>;

/** The files of a folder whose names end so. */
async function filesOf(from: string, ending: string): Promise<Files> {
  const names = (await readdir(from)).filter((name) => name.endsWith(ending));
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(from, name))] as const)),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attn-hub-'));
  const legacy = await filesOf(join(models, 'lf_mlm_legacy'), '.bin');
  const converted = join(models, 'lf_bot_new');
  const bins: Files = new Map([
    ...(await filesOf(converted, 'config.json')),
    ...legacy,
    ...(await filesOf(tokenizer, 'vocab.json')),
    ...(await filesOf(tokenizer, 'merges.txt')),
  ]);
  const main = { commit: commitOf('c0ffee'), files: bins };
  const files: Files = new Map([...bins, ...(await filesOf(converted, 'model.safetensors'))]);
  const revisions = new Map([
    ['main', main],
    ['refs/pr/4', { commit: commitOf('beef'), files }],
  ]);
  hub = await startStubHub([
    { id: 'org/converted', revisions, discussions: [botProposal(4)] },
    { id: 'org/gated', revisions, discussions: [botProposal(4)], gated: true, token: 'hf_secret' },
  ]);
  await writeFile(join(folder, 'lines.jsonl'), '{"text":"Call me Ishmael."}\n');
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

const attn = (...args: string[]): Promise<Result> => attnIn(folder, args);
const encode = (id: string, ...more: string[]): Promise<Result> => {
  const ids = ['--input', io, '--input-ids', 'in.input_ids', '--output', 'y.safetensors'];
  return attn('encode', '--model', id, ...ids, '--backend', 'cpu', '--cache', 'cache', ...more);
};

describe('a model of the hub', () => {
  test('says which weights were used; then works offline, and is listed and cleared', async () => {
    const first = await encode('org/converted', '--hub-url', hub.url, '--json');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const weights = { files: ['model.safetensors'], format: 'safetensors', revision: 'refs/pr/4' };
    expect(JSON.parse(first.stdout)).toMatchObject({ weights });
    const before = hub.requests.length;
    const offline = await encode('org/converted', '--hub-url', hub.url, '--offline');
    expect(offline.stdout).toMatch(/^weights +refs\/pr\/4\/model\.safetensors \(safetensors\)$/m);
    expect(hub.requests.length).toBe(before);
    const cache = (...args: string[]): Promise<Result> =>
      attn('cache', '--cache', 'cache', ...args, '--json');
    const [model] = JSON.parse((await cache()).stdout).models;
    expect(model).toMatchObject({ id: 'org/converted', revisions: ['refs/pr/4', 'main'] });
    expect(JSON.parse((await cache('--clear', 'org/converted')).stdout).bytes).toBe(model.bytes);
    expect(await encode('org/converted', '--offline')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('offline, and org/converted at main is not in the cache cache'),
    });
  });

  test('that is gated needs a token, under the name that the option has here', async () => {
    const from = ['--hub-url', hub.url];
    expect(await encode('org/gated', ...from)).toMatchObject({
      code: 2,
      stderr: `[attn/models] hub: org/gated is gated: accept its terms at ${hub.url}/org/gated, then pass --token\n`,
    });
    expect(await encode('org/gated', ...from, '--token', 'hf_wrong')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/then pass --token of the account that accepted them\n$/),
    });
    expect((await encode('org/gated', ...from, '--token', 'hf_secret')).code).toBe(0);
    expect(hub.leaks).toEqual([]);
  });

  test('HF_ENDPOINT and HF_TOKEN count, and tokenizing reads no weights', async () => {
    vi.stubEnv('HF_ENDPOINT', hub.url);
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    const before = hub.requests.length;
    const args = ['--model', 'org/gated', '--input', 'lines.jsonl', '--cache', 'other'];
    const { code, stdout } = await attn('tokenize', ...args);
    expect([code, JSON.parse(stdout).offsets.at(1)]).toEqual([0, [0, 1]]);
    const asked = hub.requests.slice(before).filter((request) => /\.(bin|safetensors)/.test(request));
    expect(asked).toEqual([]);
  });
});

test('an address that is none is refused under the name of its option', async () => {
  expect(await encode('org/gated', '--hub-url', 'huggingface.co')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--hub-url must be the address of a hub'),
  });
});
