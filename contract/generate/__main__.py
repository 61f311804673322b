import sys

from contract.generate import main

sys.exit(main(sys.argv[1:]))
