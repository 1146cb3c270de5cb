/** The name of the text in a header that lists quantised matrices. */
export const QUANTIZATION = 'attn_quantization';
