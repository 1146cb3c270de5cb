/**
 * Creates a session from a finished model. Weights reach it in one of four ways: mapped from the
 * checkpoint's own files, mapped from a temporary file, as files in memory, or inside the model.
 */
import type { Graph } from '@attn/core';
import { byteLengthOf, onHostTimers, planMemory, rowBlocks } from '@attn/core/backend';
import { encodeModel, type EncodeOptions } from '../model/encode.ts';
import type { OnnxModelBuilder } from '../model/onnx-model-builder.ts';
import type { Initializer } from '../model/values.ts';
import { compileError } from './errors.ts';
import type { OrtSession, Runtime } from './runtime.ts';
import { inPlaceOptions } from './weights-in-place.ts';

/**
 * Above these sizes of weights, and of all values of a graph, a session does without ONNX Runtime's memory
 * pattern. The pattern allocates one block for all intermediates beside the memory of the first run: the
 * second run touches as much new memory as the first, and both stay. Where values are small it saves the
 * search for memory, a few per cent of a call.
 */
const HEAVY_BYTES = 256 * 2 ** 20;
const FEW_BYTES = 4 * 2 ** 20;

/** Most bytes of weights inside a model whose other weights stay in files. */
const MOST_EMBEDDED = 64 * 2 ** 20;

/** How a session is opened. */
export interface OpenOptions {
  readonly sessionOptions: Runtime['sessionOptions'];
  /** Whether weights that are mapped from files should stay there, not packed. */
  readonly keepsWeightsInPlace: boolean;
  /** Whether the memory of intermediates is kept for the next run. */
  readonly keepsArena: boolean;
  /** Whether the second run may plan the memory of all later ones. */
  readonly plansMemory: boolean;
}

/**
 * A session whose intermediates take more keeps none of their memory. In an arena their memory is also in
 * pieces of which many lie idle during a run. Runs of less are slightly faster in an arena.
 */
const LARGE_BYTES = 96 * 2 ** 20;

/** Whether a run of a graph takes much memory beside its weights. */
export function takesMuch(graph: Graph): boolean {
  return planMemory(graph, rowBlocks(graph)).peakBytes > LARGE_BYTES;
}

/** Whether all values of a graph, but for its constants, take little memory. */
export function takesLittle({ values, constants }: Graph): boolean {
  const bytes = values.map((spec, id) => (constants.has(id) ? 0 : byteLengthOf(spec)));
  return bytes.reduce((sum, size) => sum + size, 0) <= FEW_BYTES;
}

/** A session, and how much of its weights is not in files that others share. */
export interface OpenedSession {
  readonly session: OrtSession;
  readonly heldBytes: number;
}

/**
 * Opens a session for a model. Errors: `COMPILE_FAILED`, `OUT_OF_MEMORY`, those of reading weights, and those
 * of `FileSpan.verify` for a file that has changed.
 */
export async function openSession(
  runtime: Runtime,
  builder: OnnxModelBuilder,
  options: OpenOptions,
): Promise<OpenedSession> {
  const initializers = [...builder.initializers.values()];
  const folder = runtime.acceptsExternalWeights ? commonFolder(initializers) : undefined;
  const spilled = folder === undefined ? await runtime.spillWeights?.(builder.initializers) : undefined;
  const mapped = spilled ?? { folder };
  const isInPlace = staysInPlace(runtime, options, mapped);
  try {
    // The session maps files that nobody reads here. They must be unchanged both before and after it opens.
    verify(initializers, folder);
    const session = await createSession(runtime, builder, options, mapped, isInPlace);
    try {
      verify(initializers, folder);
    } catch (error) {
      await session.release();
      throw error;
    }
    const own = initializers.filter(
      ({ file }) => !isInPlace || folder === undefined || file?.folder !== folder,
    );
    const heldBytes = own.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { session: spilled?.until(session) ?? session, heldBytes };
  } finally {
    await spilled?.dispose();
  }
}

/** The folder of files that a session maps, and where weights are in it if they do not say that. */
type Mapped = Pick<EncodeOptions, 'places'> & { readonly folder: string | undefined };

/** Whether a session reads its weights where they are mapped. */
function staysInPlace(
  { providers }: Runtime,
  { keepsWeightsInPlace }: OpenOptions,
  { folder }: Mapped,
): boolean {
  return keepsWeightsInPlace && folder !== undefined && providers.every((name) => name === 'cpu');
}

async function createSession(
  { ort, acceptsExternalWeights }: Runtime,
  builder: OnnxModelBuilder,
  { sessionOptions: own, keepsArena, plansMemory }: OpenOptions,
  { folder, places }: Mapped,
  isInPlace: boolean,
): Promise<OrtSession> {
  const sessionOptions = isInPlace ? inPlaceOptions(own) : own;
  const separateWeights = acceptsExternalWeights && folder === undefined;
  const { model, weights } = encodeModel(builder, 'attn', { separateWeights, weightFolder: folder, places });
  let weightBytes = 0;
  for (const { byteLength } of builder.initializers.values()) weightBytes += byteLength;
  const options = {
    ...((weightBytes > HEAVY_BYTES || !keepsArena || !plansMemory) && { enableMemPattern: false }),
    ...(!keepsArena && { enableCpuMemArena: false }),
    ...sessionOptions,
    ...(weights.length > 0 && { externalData: weights }),
    ...(folder !== undefined && { extra: withFolder(sessionOptions.extra, folder) }),
  };
  try {
    return await onHostTimers(() => ort.InferenceSession.create(model, options));
  } catch (cause) {
    throw compileError(cause);
  }
}

/**
 * The folder whose files hold the weights. A session reads weights from files or from memory, not from both:
 * undefined where too many weights are elsewhere, so that all come from memory.
 */
function commonFolder(initializers: readonly Initializer[]): string | undefined {
  const folder = initializers.find(({ file }) => file !== undefined)?.file?.folder;
  let elsewhere = 0;
  for (const { file, byteLength } of initializers) if (file?.folder !== folder) elsewhere += byteLength;
  return elsewhere <= MOST_EMBEDDED ? folder : undefined;
}

/** Throws when a file of the folder has changed since the checkpoint was opened. */
function verify(initializers: readonly Initializer[], folder: string | undefined): void {
  if (folder === undefined) return;
  const checks = new Set(initializers.map(({ file }) => (file?.folder === folder ? file.verify : undefined)));
  for (const check of checks) check?.();
}

/**
 * Adds the folder of the weight files to the session option `extra`. A model in memory has no folder of its
 * own.
 */
function withFolder(extra: unknown, folder: string): object {
  const extraOptions = (extra ?? {}) as { readonly session?: object };
  return {
    ...extraOptions,
    session: { ...extraOptions.session, model_external_initializers_file_folder_path: folder },
  };
}
