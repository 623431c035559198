/**
 * The version of the wire (docs/WIRE.md): envelopes bear it, processes and nodes say it when they come.
 * Who speaks another one would hear nothing, so he is refused.
 */
export const wireVersion = 2
