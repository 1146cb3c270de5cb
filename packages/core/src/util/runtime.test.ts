/** Which runtimes hand out modules of Node. The test plays the runtimes. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { builtin, nodeProcess } from './runtime.ts';

const os = { cpus: () => [] };

function stubVersions(versions: Readonly<Record<string, string>> | undefined): void {
  const getBuiltinModule = (name: string): unknown => (name === 'node:os' ? os : undefined);
  vi.stubGlobal('process', versions && { versions, getBuiltinModule });
}

afterEach(() => void vi.unstubAllGlobals());

describe('a module of Node', () => {
  test.each([
    ['Node', { node: '24.1.0' }],
    ['Bun', { node: '24.1.0', bun: '1.2.0' }],
  ])('is there in %s', (_, versions) => {
    stubVersions(versions);
    expect(builtin('node:os')).toBe(os);
    expect(builtin('node:os', { inDeno: true })).toBe(os);
    expect(builtin('node:nothing')).toBeUndefined();
  });

  test('is there in Deno only for callers that say so, because Deno may ask the user', () => {
    stubVersions({ node: '24.1.0', deno: '2.4.0' });
    expect(builtin('node:os')).toBeUndefined();
    expect(builtin('node:os', { inDeno: false })).toBeUndefined();
    expect(builtin('node:os', { inDeno: true })).toBe(os);
  });

  test.each([undefined, {}])('is not there in a browser whose process has the versions %j', (versions) => {
    stubVersions(versions);
    expect(nodeProcess()).toBeUndefined();
    expect(builtin('node:os', { inDeno: true })).toBeUndefined();
  });

  test('is not there in a Node that has no `getBuiltinModule`', () => {
    vi.stubGlobal('process', { versions: { node: '20.0.0' } });
    expect(nodeProcess()).toBeDefined();
    expect(builtin('node:os')).toBeUndefined();
  });
});
