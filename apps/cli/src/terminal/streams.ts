/** The streams that a command line writes to. */

/** A stream that a command writes to, such as `process.stdout`. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Where a command line writes; `process` has both. */
export interface Streams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}
