/** Types of results that follow the options of a call. */

/** `T` where the flag `F` is true, nothing where it is false, and optional where only the run tells. */
export type With<F extends boolean, T> = [F] extends [true] ? T : [F] extends [false] ? unknown : Partial<T>;
