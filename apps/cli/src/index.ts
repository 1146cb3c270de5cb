/** attn: probe, run, plan, bench and export long-context attention from the command line. */
export {};
