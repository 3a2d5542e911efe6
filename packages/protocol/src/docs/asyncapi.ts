export const asyncapi = () => ({})
