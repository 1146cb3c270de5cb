/**
 * Values of another realm, as an iframe, `node:vm` or Jest makes them: instances of other classes with the
 * same names.
 */

/** What is used of another realm. */
export interface Realm {
  readonly Float32Array: typeof Float32Array;
}

interface Host {
  readonly document?: {
    readonly body: { append(frame: object): void };
    createElement(name: 'iframe'): { readonly contentWindow: Realm };
  };
  readonly process?: {
    getBuiltinModule?(name: 'node:vm'): { runInNewContext(code: string): Realm } | undefined;
  };
}

/** Another realm; undefined where the host has no way to make one. */
export function otherRealm(): Realm | undefined {
  const { document, process }: Host = globalThis as Host;
  if (document === undefined) return process?.getBuiltinModule?.('node:vm')?.runInNewContext('globalThis');
  const frame = document.createElement('iframe');
  document.body.append(frame);
  return frame.contentWindow;
}
