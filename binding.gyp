# The build that `npm install` runs (scripts/build-addon.js). native/CMakeLists.txt is the one for development; both read native/sources.txt and give the same addon.
{
  'targets': [
    {
      'target_name': 'galgo',
      'sources': ['<!@(sed -e "s|^|native/|" native/sources.txt)'],
      # Relative to this file: a folder above may have spaces in its name, which make cannot stand.
      'include_dirs': [
        '<!(node -p "path.relative(\'.\', require(\'node-api-headers\').include_dir)")',
        '<!(node -p "require(\'node-addon-api\').include_dir")',
        '<!(node -p "path.relative(\'.\', path.dirname(require.resolve(\'xxhash-addon/xxHash/xxhash.h\')))")',
      ],
      # The last one: an error that cannot be thrown because its thread is being terminated is dropped instead of ending the process.
      'defines': [
        'NAPI_VERSION=9',
        'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'cflags': ['-fvisibility=hidden'],
      'cflags_cc': ['-std=c++20', '-O3', '-Wall', '-Wextra'],
      'xcode_settings': {
        'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
        'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
        'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
        'MACOSX_DEPLOYMENT_TARGET': '11.0',
        'OTHER_CPLUSPLUSFLAGS': ['-Wall', '-Wextra'],
      },
      'conditions': [
        ['OS=="linux"', {'ldflags': ['-pthread']}],
        ['"<!(node -p "process.env.GALGO_WERROR ?? 0")"=="1"', {'cflags_cc': ['-Werror']}],
      ],
    },
  ],
}
