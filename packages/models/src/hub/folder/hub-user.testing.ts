/** A user with an empty cache and a hub, for each test of a file. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { FileStore } from '../../files/file-store.ts';
import { ID, modelOf, WEIGHTS } from '../hub-fixture.testing.ts';
import { hubStore, type HubStoreOptions } from './hub-store.ts';
import { startStubHub, type StubHub, type StubModel } from '../stub-hub.testing.ts';

/** The model that the hub has where a test names no other. */
export const MODEL: StubModel = modelOf({ 'model.safetensors': WEIGHTS });

/** What a user has and does. */
export class HubUser {
  cacheFolder = '';
  private running: StubHub | undefined;

  constructor() {
    beforeEach(async () => {
      this.cacheFolder = await mkdtemp(join(tmpdir(), 'attn-hub-'));
      for (const name of ['HF_TOKEN', 'HF_ENDPOINT', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '');
      vi.stubEnv('HF_HOME', join(this.cacheFolder, 'home'));
    });
    afterEach(async () => {
      vi.unstubAllEnvs();
      await this.running?.close();
      this.running = undefined;
      await rm(this.cacheFolder, { recursive: true });
    });
  }

  /** Starts the hub with one model. */
  async start(model: StubModel = MODEL): Promise<StubHub> {
    this.running = await startStubHub([model]);
    return this.running;
  }

  get hub(): StubHub {
    if (this.running === undefined) throw new Error('start() comes first');
    return this.running;
  }

  load(options: HubStoreOptions = {}): Promise<FileStore> {
    const place = { hubUrl: this.hub.url, cacheFolder: this.cacheFolder, offline: false };
    return hubStore(ID, { ...place, idleTimeout: 60_000, ...options });
  }

  /** Loads the model, and expects its weights. */
  async works(options: HubStoreOptions = {}): Promise<void> {
    const store = await this.load(options);
    expect(await store.bytes('model.safetensors', 2 ** 20)).toEqual(Buffer.from(WEIGHTS));
  }

  /** Requests for a file. The hub, and where it redirects to, have one each. */
  downloadsOf(file: string): readonly string[] {
    return this.hub.requests.filter((request) => request.includes('/resolve/') && request.includes(file));
  }

  /** A path in the folder of the model. */
  folder(...path: readonly string[]): string {
    return join(this.cacheFolder, 'models--org--name', ...path);
  }

  async locks(): Promise<readonly string[]> {
    return readdir(join(this.cacheFolder, '.locks', 'models--org--name')).catch(() => []);
  }

  async incompletes(): Promise<readonly string[]> {
    return (await readdir(this.folder('blobs'))).filter((name) => name.includes('incomplete'));
  }
}
