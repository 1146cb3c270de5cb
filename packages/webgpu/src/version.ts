/** This package's version, as its package.json has it; a test of @attn/auto compares them. */
export const VERSION = '0.0.0';
