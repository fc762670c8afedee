"""The commands of the command line, one module per noun. Each only translates; the work is in the modules it calls.

Those are imported when a command runs: to show the help, or to run one service, takes none of the others.
"""
