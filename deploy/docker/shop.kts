systemDefinition {
    global {
        item(name = "ZeroMQProxyInboundPort", value = 5001)
        item(name = "ZeroMQProxyOutboundPort", value = 5000)
        // For the health check of compose.yml, which asks from within.
        item(name = "TidingsHttpPort", value = 9464)
    }
}
