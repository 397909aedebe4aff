# Read by node-gyp in place of the configuration that the running Node was built with, which says nothing about this addon.
{
  'target_defaults': {},
  'variables': {}
}
