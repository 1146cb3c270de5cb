// The cache without a hub, folders that are none, and what the environment says.
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { MAIN, WEIGHTS } from '../hub-fixture.testing.ts';
import type { HubStoreOptions } from './hub-store.ts';
import { HubUser, MODEL } from './hub-user.testing.ts';

const user = new HubUser();

describe('the cache without a hub', () => {
  test('a full commit asks nobody', async () => {
    await user.start();
    await user.load();
    const before = user.hub.requests.length;
    await user.works({ revision: MAIN });
    expect(user.hub.requests.length).toBe(before);
    // Python keeps no record: files of a tokenizer show that more than the weights was downloaded.
    await rm(user.folder('.attn'), { recursive: true });
    await user.works({ revision: MAIN });
    expect(user.hub.requests.length).toBe(before);
  });

  test.each<[string, () => Promise<void> | void]>([
    ['no hub', () => user.hub.close()],
    ['a busy hub', () => void user.hub.faults.push({ url: '/revision/', status: 503 })],
    [
      'a page of a hotel',
      () => void user.hub.faults.push({ url: '/revision/', status: 200, text: '<html>Log in</html>' }),
    ],
    ['a silent hub', () => void user.hub.faults.push({ url: '/revision/', mute: true })],
  ])('%s: the copy is used, with a warning', async (_title, breakIt) => {
    await user.start();
    await user.load();
    await breakIt();
    const warnings: string[] = [];
    await user.works({ onWarning: (message) => warnings.push(message), attempts: 1, idleTimeout: 100 });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^\[attn\/models\] hub: the cached copy of org\/name, commit c0ffee000000, is used, as /,
    );
  });

  test('an unknown model or no permission is no reason to use a copy', async () => {
    await user.start();
    await user.load();
    user.hub.faults.push({ url: '/revision/', status: 404, headers: { 'X-Error-Code': 'RepoNotFound' } });
    await expect(user.load()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  test('offline: what is missing is named', async () => {
    await user.start();
    await expect(user.load({ offline: true })).rejects.toThrow(
      `[attn/models] hub: offline, and org/name at main is not in the cache ${user.cacheFolder}`,
    );
    await user.load();
    await rm(user.folder('snapshots', MAIN, 'model.safetensors'));
    await expect(user.load({ offline: true })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `[attn/models] hub: offline, and org/name at main in the cache ${user.cacheFolder} lacks model.safetensors`,
    });
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(user.load({ offline: undefined })).rejects.toThrow('lacks model.safetensors');
    await user.load({ offline: true, weights: false });
  });
});

describe('a cache folder that is none', () => {
  test('a file', async () => {
    await user.start();
    const file = join(user.cacheFolder, 'file');
    await writeFile(file, '');
    await expect(user.load({ cacheFolder: file })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(
        `the cache folder ${file} must be a folder: pass another folder as the option cacheFolder or in HF_HUB_CACHE`,
      ),
    });
  });

  test.runIf(process.platform === 'linux')('a full disk', async () => {
    await user.start();
    await user.load({ weights: false });
    const hash = (await import('node:crypto')).createHash('sha256').update(WEIGHTS).digest('hex');
    await symlink('/dev/full', user.folder('blobs', `${hash}.attn-incomplete`));
    await expect(user.load()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`the disk of the cache folder ${user.cacheFolder} is full`),
    });
    expect(await user.locks()).toEqual([]);
  });
});

describe('the environment', () => {
  test('HF_ENDPOINT, with a slash at its end', async () => {
    await user.start();
    vi.stubEnv('HF_ENDPOINT', `${user.hub.url}/`);
    await user.works({ hubUrl: undefined });
  });

  test('HF_HUB_CACHE, HF_HOME', async () => {
    await user.start();
    await user.works({ cacheFolder: undefined });
    expect(await readdir(join(user.cacheFolder, 'home', 'hub'))).toContain('models--org--name');
    vi.stubEnv('HF_HUB_CACHE', join(user.cacheFolder, 'other'));
    await user.works({ cacheFolder: undefined });
    expect(await readdir(join(user.cacheFolder, 'other'))).toContain('models--org--name');
  });

  test('tokens: the option, HF_TOKEN, and files; none goes to another host', async () => {
    await user.start({ ...MODEL, token: 'hf_secret', gated: true });
    await mkdir(join(user.cacheFolder, 'home'));
    await writeFile(join(user.cacheFolder, 'home', 'token'), 'hf_secret\n');
    await user.works();
    const reload = async (options: HubStoreOptions = {}): Promise<void> => {
      await rm(user.folder(), { recursive: true, force: true });
      await user.works(options);
    };
    vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '1');
    await expect(reload()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await reload({ accessToken: 'hf_secret' });
    vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '');
    vi.stubEnv('HF_TOKEN', 'hf_wrong');
    await expect(reload()).rejects.toThrow(/pass the option accessToken of the account that accepted them$/);
    vi.stubEnv('HF_TOKEN', ' hf_secret ');
    await reload();
    vi.stubEnv('HF_TOKEN', '');
    await writeFile(join(user.cacheFolder, 'elsewhere'), 'hf_secret');
    vi.stubEnv('HF_TOKEN_PATH', join(user.cacheFolder, 'elsewhere'));
    await rm(join(user.cacheFolder, 'home', 'token'));
    await reload();
    expect(user.hub.leaks).toEqual([]);
  });

  test.each([
    [
      { gated: true },
      'INVALID_ARGUMENT',
      /org\/name is gated: accept its terms at http:\S*\/org\/name, then pass the option accessToken$/,
    ],
    [
      {},
      'FILE_NOT_FOUND',
      /there is no public org\/name on http:\S*; if the model is private or gated, pass the option accessToken$/,
    ],
  ])('a model that is not public: %j', async (change, code, message) => {
    await user.start({ ...MODEL, token: 'hf_secret', ...change });
    await expect(user.load()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('a token that is none is not repeated', async () => {
    await user.start();
    const error = await user.load({ accessToken: 'hf secret\n' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(String(error)).not.toContain('secret');
  });
});
