/**
 * Reads PyTorch checkpoints (`pytorch_model.bin`, zip and legacy), strictly and lazily, in Node and in the
 * browser. It executes nothing.
 */
export { openTorch, parseTorch, type TorchFile, type TorchSpec } from './read.ts';
export type { TorchFormat } from './format.ts';
export type { FileRange } from './records.ts';
export type { TorchSource } from './source.ts';
