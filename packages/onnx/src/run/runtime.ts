/** The part of the interface of onnxruntime-node and onnxruntime-web that this package uses. */
import type { FileSpan } from '@attn/core/backend';
import type { Initializer, Name } from '../model/values.ts';

/** A tensor of ONNX Runtime. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  dispose(): void;
}

/** A loaded model. */
export interface OrtSession {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** The exports that both packages have. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: Readonly<Record<string, unknown>>): Promise<OrtSession>;
  };
  listSupportedBackends?(): readonly { readonly name: string }[];
  readonly Tensor: new (type: string, data: never, dims: readonly number[]) => OrtTensor;
  readonly env: { readonly versions: Readonly<Record<string, string | undefined>>; readonly wasm?: object };
}

/** A loaded ONNX Runtime, and how to create sessions on it. */
export interface Runtime {
  readonly ort: OrtModule;
  /** Package and version, such as `onnxruntime-node 1.30.0`. */
  readonly title: string;
  /** Threads of a session. */
  readonly threads: number;
  /** Names of the execution providers that the user chose, or the default ones. */
  readonly providers: readonly string[];
  /** Names of the execution providers that the runtime was built with; undefined where it does not say. */
  readonly supported?: readonly string[];
  /** Options that every session is created with. */
  readonly sessionOptions: Readonly<Record<string, unknown>>;
  /** Whether a run transfers the memory of its inputs to a worker, so that they must be copied first. */
  readonly transfersInputs: boolean;
  /** Whether all sessions share their threads, so that one session cannot run on fewer. */
  readonly sharesThreads: boolean;
  /**
   * Whether sessions read weights from memory or from files beside the model, so that the model holds no
   * copy.
   */
  readonly acceptsExternalWeights: boolean;
  /**
   * Writes large weights to a temporary file that sessions can map; undefined where few of them would have to
   * be read into memory, and where there is no room. Absent where sessions do not map files. Errors: those of
   * reading the weights.
   */
  readonly spillWeights?: (weights: ReadonlyMap<Name, Initializer>) => Promise<SpilledWeights | undefined>;
  /**
   * Whether a product of one row reads a weight that is not packed where it is. Elsewhere each run packs it
   * first.
   */
  readonly readsRowsInPlace: boolean;
  /** Whether the operator MultiHeadAttention is the fastest dense attention of this runtime. */
  readonly fusedDense: boolean;
}

/** Weights in a temporary file. */
export interface SpilledWeights {
  /** The folder of the file. */
  readonly folder: string;
  readonly places: ReadonlyMap<Name, FileSpan>;
  /** The session, which removes the file when it is released, where the system kept it until then. */
  until(session: OrtSession): OrtSession;
  /** Removes the file, unless the system keeps it for a session that maps it. Idempotent. */
  dispose(): Promise<void>;
}
