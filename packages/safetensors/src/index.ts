/** Read and write .safetensors files, typed and validated, in Node and in the browser. */
export {};
