export { openApiDocument } from './document.ts'
export { assetFile, DOCS_PAGE, DOCS_POLICY, START_SCRIPT } from './docs-page.ts'
export { REFERENCE_POLICY, referencePage } from './reference-page.ts'
