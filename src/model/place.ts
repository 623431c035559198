/**
 * Where a process can be reached, in the words of its layer. Whoever is above the layer carries it along and never
 * reads it. Where a registration has null in its stead, nobody connects to the process: a script for example.
 */
export type Place = Readonly<Record<string, number | string>>
