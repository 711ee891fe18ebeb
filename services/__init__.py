"""Programs beside the hubs: the scraper worker, the operator's command, the miniature Parliament."""
