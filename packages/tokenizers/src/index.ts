/** Texts to ids and back, with the place of every token, from the tokenizer files of any checkpoint. */
export {
  tokenizerFileNames,
  tokenizerFromFiles,
  type FileNamesOptions,
  type FromFilesOptions,
} from './from-files/from-files.ts';
export type { TokenizerFiles } from './from-files/folder.ts';
export { tokenizerFromJson } from './from-json/from-json.ts';
export { tokenizerJson } from './to-json/tokenizer-json.ts';
export type { DecodeOptions, Tokenizer } from './tokenizer.ts';
export type {
  AsyncOptions,
  EncodeOptions,
  Encoding,
  Span,
  WindowedEncoding,
  WindowOptions,
} from './output/encoding.ts';
export type { Padded, PadOptions } from './output/pad.ts';
