/** Side-by-side benchmarks of the @attn backends and their peers. */
export {};
