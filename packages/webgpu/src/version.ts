/** This package's version. A test of @attn/auto compares it with package.json. */
export const VERSION = '0.0.0';
