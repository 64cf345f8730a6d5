// Writes src/lib/schema.ts from the service's OpenAPI document; `--check` fails when it is not current.
// The document comes from `python -m service.api.schema`; PYTHON names the interpreter (../../.venv/bin/python).
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const ui = join(import.meta.dirname, '..');
const target = join(ui, 'src/lib/schema.ts');
const python = process.env.PYTHON ?? join(ui, '../../.venv/bin/python');
const document = execFileSync(python, ['-m', 'service.api.schema'], { cwd: join(ui, '../..'), maxBuffer: 64e6 });
const { components } = JSON.parse(document);
// Only the models: the page asks through api.ts, and paths come and go.
const ast = await openapiTS({ openapi: '3.1.0', info: { title: 'lorryscan', version: '0' }, paths: {}, components: { schemas: components.schemas } }, { alphabetize: true });
const types = `/** Made by \`npm run types\` from the service's OpenAPI document: do not edit. */\n\n${astToString(ast)}`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== types) {
    console.error('src/lib/schema.ts is not what the service says: npm run types, and commit it');
    process.exit(1);
  }
} else {
  writeFileSync(target, types);
}
