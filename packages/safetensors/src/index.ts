/** Read and write .safetensors files, typed and validated, in Node and in the browser. */
export { decodeTensor, DTYPE_IN_FILE, FILE_DTYPES, type FileDtype } from './dtypes.ts';
export { httpBytes, httpSource, type HttpOptions } from './http.ts';
export { mistakenFile } from './mistaken-file.ts';
export { IDLE_TIMEOUT, pause, politeFetch, type Fetch, type Patience } from './polite-fetch.ts';
export { readSafetensorsHeader, type SafetensorsHeader, type TensorEntry } from './header.ts';
export type { ByteRange } from './read-ahead.ts';
export {
  openSafetensors,
  parseSafetensors,
  type Safetensors,
  type SafetensorsFile,
  type SafetensorsSource,
  type SafetensorsSpec,
} from './read.ts';
export {
  safetensorsParts,
  serializeSafetensors,
  type Metadata,
  type NamedTensors,
  type OwnBytes,
} from './write.ts';
