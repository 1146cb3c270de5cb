/** What of @attn/models needs Node: checkpoints in folders on disk. */
export {};
