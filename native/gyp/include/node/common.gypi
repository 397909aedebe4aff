# What node-gyp wants from a Node header folder, and no more: build configurations and position-independent code. The addon includes nothing of Node's own
# headers (Node-API comes from the npm package node-api-headers), so this one file serves every Node version and nothing has to be downloaded.
{
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': {
      'Debug': {
        'cflags': ['-g', '-O0'],
        'xcode_settings': {'GCC_OPTIMIZATION_LEVEL': '0'},
      },
      'Release': {
        'cflags': ['-g1', '-O3'],
        'defines': ['NDEBUG'],
        'xcode_settings': {'GCC_OPTIMIZATION_LEVEL': '3'},
      },
    },
    'conditions': [
      ['OS=="linux"', {'cflags': ['-fPIC'], 'ldflags': ['-rdynamic']}],
    ],
  },
}
