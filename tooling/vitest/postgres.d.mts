/** A running server, or the reason why there is none. */
export declare function startPostgres(): Promise<
  { readonly url: string; stop(): Promise<void> } | { readonly reason: string }
>;

/** Where `.ci/run` puts the programs of the wheel that it installs. */
export declare const WHEEL_FOLDER: string;
