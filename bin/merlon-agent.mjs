#!/usr/bin/env node
await import('../agent/dist/main.js');
