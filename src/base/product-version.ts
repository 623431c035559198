/** The version of this package, as package.json has it: a bundle has no such file. */
export const productVersion = '0.1.0'
