/**
 * Values of another realm, such as an iframe, `node:vm` or Jest: instances of other classes with equal names.
 */

/** The part of another realm that is used. */
export interface Realm {
  readonly Float32Array: typeof Float32Array;
}

interface RealmHost {
  readonly document?: {
    readonly body: { append(frame: object): void };
    createElement(name: 'iframe'): { readonly contentWindow: Realm };
  };
  readonly process?: {
    getBuiltinModule?(name: 'node:vm'): { runInNewContext(code: string): Realm } | undefined;
  };
}

/** Makes another realm; undefined where the host cannot make one. */
export function otherRealm(): Realm | undefined {
  const { document, process }: RealmHost = globalThis as RealmHost;
  if (document === undefined) return process?.getBuiltinModule?.('node:vm')?.runInNewContext('globalThis');
  const frame = document.createElement('iframe');
  document.body.append(frame);
  return frame.contentWindow;
}
