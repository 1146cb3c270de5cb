/** Reasons why a process cannot start threads, found without starting one. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { wasm } from '../index.ts';
import { whyNoNodeThread } from './node-thread.ts';

const file = 'node-thread.ts';
const beside = import.meta.url;

/** Replaces some properties of the process. */
function stubProcess(changes: object): void {
  const changed: object = Object.create(process, Object.getOwnPropertyDescriptors(changes));
  vi.stubGlobal('process', changed);
}

afterEach(() => void vi.unstubAllGlobals());

describe('a thread', () => {
  test('whose script is there can start', () => {
    expect(whyNoNodeThread({ beside, file })).toBeUndefined();
  });

  test.each([
    ['in a bundle', 'file:///somewhere/else/bundle.js'],
    ['in a bundle without import.meta', undefined],
    ['in an executable of Bun', 'file:///$bunfs/root/app'],
  ])('cannot %s', (_title, address) => {
    expect(whyNoNodeThread({ beside: address, file })).toMatch(
      'node-thread.ts is not beside this bundle; keep @attn/wasm out of the bundle (external), or copy @attn/wasm/dist/workers/node-thread.ts there',
    );
  });

  test('cannot in a process that may not', () => {
    stubProcess({ permission: { has: (scope: string) => scope !== 'worker' } });
    expect(whyNoNodeThread({ beside, file })).toMatch('--allow-worker');
  });

  test('cannot in a Node whose modules packages cannot reach', () => {
    stubProcess({ getBuiltinModule: undefined, versions: { node: '22.0.0' } });
    expect(whyNoNodeThread({ beside, file })).toMatch('Node 22.0.0; it has to be 20.16, 22.3 or later');
  });

  test('cannot where files may not be read', () => {
    const { getBuiltinModule } = process;
    const denied = () => {
      throw new Error('Requires read access');
    };
    stubProcess({
      getBuiltinModule: (name: string) =>
        name === 'node:fs' ? { existsSync: denied } : getBuiltinModule(name as 'node:os'),
    });
    expect(whyNoNodeThread({ beside, file })).toBe(`${file} cannot be read: Requires read access`);
  });
});

test('a backend says that it has one thread, and why', async () => {
  stubProcess({ permission: { has: () => false } });
  const backend = wasm({ threads: 4 });
  expect(await backend.probe()).toMatchObject({
    summary: expect.stringMatching(/, 1 thread$/),
    features: { threads: 1, sharedMemory: false },
    absences: expect.arrayContaining([expect.stringMatching(/^one thread: .*--allow-worker/)]),
  });
  await backend.dispose();
});
