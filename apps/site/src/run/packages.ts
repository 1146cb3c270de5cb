/** The packages that programs in pages may import, without their scope. */
export const RUN_PACKAGES: readonly string[] = ['auto', 'core', 'cpu', 'wasm'];
