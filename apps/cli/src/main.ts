#!/usr/bin/env node
// The `attn` command.
export {};
