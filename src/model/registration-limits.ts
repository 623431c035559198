/** Bytes of one message of the registration, both ways: some thousand processes or tables. A larger roster is told in parts. */
export const maxRegistrationMessageBytes = 1024 * 1024
