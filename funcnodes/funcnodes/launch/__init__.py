"""How a worker's process is made and ended: the seam (`launcher`) and this machine (`local`)."""
