/** Options of models from the hub, on every host. */
import { aBoolean, aFunction, aSignal, aString, integer, type OptionKinds } from '@attn/core/backend';
import type { Fetch } from '@attn/safetensors';
import type { DownloadProgress } from './copies.ts';

/** Options of models from the hub, on every host. */
export interface HubRequestOptions {
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string;
  /** For private and gated models. It is sent to the hub, and to no other host. */
  readonly accessToken?: string;
  /** Default https://huggingface.co. */
  readonly hubUrl?: string;
  /** Use only the cache, without any request. Default false. */
  readonly offline?: boolean;
  /**
   * Where a model has only PyTorch's files: whether the weights may come from the open pull request in which
   * the hub's own bot proposes the very same weights in safetensors. Default true.
   */
  readonly conversions?: boolean;
  /** Attempts of a request or a download that breaks. Default 3. */
  readonly attempts?: number;
  /** Milliseconds without a byte after which a connection counts as broken. Default 30,000. */
  readonly idleTimeout?: number;
  readonly fetch?: Fetch;
  readonly signal?: AbortSignal;
  /**
   * Called as bytes arrive. An error that it throws ends the download, which rejects with that error; the
   * downloaded bytes are kept.
   */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** Called when something works worse than it could, as with a cached copy. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

/** Kinds of these options. */
export const HUB_REQUEST_OPTIONS: OptionKinds<HubRequestOptions> = {
  revision: aString,
  accessToken: aString,
  hubUrl: aString,
  offline: aBoolean,
  conversions: aBoolean,
  attempts: integer(1),
  idleTimeout: integer(1),
  fetch: aFunction,
  signal: aSignal,
  onDownload: aFunction,
  onWarning: aFunction,
};
