/** The plain TypeScript backend of @attn: runs anywhere JavaScript runs. */
export {};
