/** What a process that has loaded the collector is sent; it answers with what its heap has then, bytes. */
export const collectNow = 'collect now'
