"""WooCommerce: orders with their lines and refunds, and products, over its REST API v3."""
