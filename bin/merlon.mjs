#!/usr/bin/env node
await import('../server/dist/main.js');
