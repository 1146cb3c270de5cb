// Core runs anywhere JavaScript runs, so it is compiled without the DOM's and without Node's types. These few
// globals exist in every runtime it supports; users see the full declarations of their own runtime instead.
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}
declare const performance: { now(): number };
declare const console: Record<'log' | 'info' | 'warn' | 'error', (...data: unknown[]) => void>;
declare function setTimeout(callback: () => void, milliseconds?: number): unknown;
declare function setInterval(callback: () => void, milliseconds: number): unknown;
declare function clearInterval(timer: unknown): void;
declare function clearTimeout(timer: unknown): void;
