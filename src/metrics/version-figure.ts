import { productVersion } from '../base/product-version.ts'
import { type Figure, figureOf } from './figure.ts'

export const versionFigure = (): Figure =>
  figureOf('gauge', 'tidings_build_info', 'Version of tidings.', [1, { version: productVersion }])
