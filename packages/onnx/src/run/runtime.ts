/** What is used of onnxruntime-node and onnxruntime-web: the part of their common interface that sessions need. */

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

/** The module, as both packages export it. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: Readonly<Record<string, unknown>>): Promise<OrtSession>;
  };
  listSupportedBackends?(): readonly { readonly name: string }[];
  readonly Tensor: new (type: string, data: never, dims: readonly number[]) => OrtTensor;
  readonly env: { readonly versions: Readonly<Record<string, string | undefined>>; readonly wasm?: object };
}

/** A runtime that sessions are made with. */
export interface Runtime {
  readonly ort: OrtModule;
  /** `onnxruntime-node 1.30.0`. */
  readonly title: string;
  readonly threads: number;
  /** The execution providers that were asked for. */
  readonly providers: readonly string[];
  /** Those that the runtime was built with, where it says so. */
  readonly supported?: readonly string[];
  readonly sessionOptions: Readonly<Record<string, unknown>>;
  /** Whether a run takes the memory of its inputs with it, so that they must be copied. */
  readonly takesInputs: boolean;
  /** Whether all sessions have the same threads, so that one cannot be asked to run on fewer. */
  readonly sharesThreads: boolean;
  /** Whether sessions take weights beside the model, from memory or from the files where they lie, so that no model holds them a second time. */
  readonly takesWeights: boolean;
  /** Whether MultiHeadAttention is the best way to do dense attention here. */
  readonly fusedDense: boolean;
}
