/** The broker's URL without user and password: they are none of a message's business. */
export function shownBroker(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/** As MQTT.js writes the schemes: `tcp` and `ssl` come from other clients. */
export const clientUrl = (url: string): string =>
  url.replace(/^tcp:/i, 'mqtt:').replace(/^(?:ssl|tls):/i, 'mqtts:')
