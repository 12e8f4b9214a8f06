package h1

// Held is how many bytes of memory p keeps for lines.
func (p *Parser) Held() int { return cap(p.line) + cap(p.field) + cap(p.values) }
